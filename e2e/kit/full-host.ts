import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { within } from './wait.ts'

/** A host that neither takes a connection nor refuses it: a process that stands still, with a full line before it. */
export interface FullHost {
  readonly url: string
  close(): Promise<void>
}

export async function startFullHost(): Promise<FullHost> {
  const child = spawn(process.execPath, ['-e', LISTEN], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [said] = await within('the host to listen', once(child.stdout, 'data'))
  const port = Number(String(said))
  child.kill('SIGSTOP')
  const line = Array.from({ length: LINE_PLACES + 1 }, () => connect({ host: '127.0.0.1', port }))
  for (const socket of line) socket.on('error', () => {})
  // The system itself completes as many as the line has places; whoever comes then gets no answer.
  await within('the line to be full', once(line[LINE_PLACES - 1] as Socket, 'connect'))
  return {
    url: `http://127.0.0.1:${port}/v1`,
    close: async () => {
      const closed = once(child, 'close')
      for (const socket of line) socket.destroy()
      child.kill('SIGKILL')
      await closed
    },
  }
}

const LISTEN =
  "const s=require('node:net').createServer().listen({port:0,host:'127.0.0.1',backlog:1},()=>console.log(s.address().port))"
/** Of a backlog of one, as Linux counts. */
const LINE_PLACES = 2
