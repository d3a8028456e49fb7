#!/usr/bin/env node
/** The `sekisho` command. Plain JavaScript, so that an old Node gets a sentence instead of a syntax error. */
import { accessSync, constants, lstatSync, mkdirSync } from 'node:fs'
import * as module from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 24 || (major === 24 && minor < 15)) {
  console.error(
    `sekisho: Node 24.15 or newer is needed, this is ${process.version}. "npm start" brings its own on linux-x64.`,
  )
  process.exit(1)
}

// Types are stripped and code is compiled once: a second start finds both in the cache and pays neither time nor memory for them.
const cache = cacheFolder()
if (cache !== undefined) module.enableCompileCache(cache)

const argv = process.argv.slice(2)
const { main } = ofTheServer(argv) ? await import('../server/main.ts') : await import('../cli/main.ts')
process.exitCode = await main(argv)
// What is still open has nothing left to do; a connection that somebody kept must not keep the process.
setTimeout(() => process.exit(), 1_000).unref()

/** What runs or reads here; everything else asks a running gateway, `config show` too, or is a question for help. */
function ofTheServer(words) {
  if (words.some((word) => word === '--help' || word === '-h')) return false
  if (words[0] === 'prices') return words[1] === 'update'
  return ['serve', 'check', 'config'].includes(words[0]) && !(words[0] === 'config' && words[1] === 'show')
}

/** Beside the packages; for somebody who may not write there, a folder that is theirs alone: code is read from it. */
function cacheFolder() {
  const beside = fileURLToPath(new URL('../node_modules/.cache/sekisho', import.meta.url))
  const own = join(tmpdir(), `sekisho-${process.getuid?.() ?? 'user'}`)
  return [beside, own].find(writableByUsOnly)
}

function writableByUsOnly(folder) {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    accessSync(folder, constants.W_OK)
    const { uid, mode } = lstatSync(folder)
    return uid === process.getuid?.() && (mode & 0o022) === 0
  } catch {
    return false
  }
}
