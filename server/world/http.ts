/**
 * What we use of Node's HTTP server at run time. It is asked for like this because an `import` of `node:http` reads every name that
 * the module has, and at one of them (`WebSocket`) Node loads an undici of its own with all of fetch: 12 MB and 60 ms that nothing
 * here uses. Types may be imported from there; they cost nothing.
 */
export const { createServer, STATUS_CODES } = process.getBuiltinModule('node:http')
