import pg from 'pg'
import type { Log } from '../../core/world.ts'

/** Who hears a channel. Neither function waits; one that throws is logged and disturbs nobody. */
export interface Listener {
  /** Something was told on the channel, in the order of the transactions that told it. */
  notified(payload: string): void
  /** From now on nothing is missed; what happened before may have been. Called at the first connection and after each loss: read everything anew. */
  connected(): void
}

/** Who listens to what, over all the connections that come and go. */
export interface Channels {
  add(channel: string, listener: Listener): { stop(): void }
  /** Makes a new connection hear every channel, then tells all listeners that it does. */
  join(client: pg.Client): Promise<void>
}

export function openChannels(log: Log): Channels {
  const channels = new Map<string, Set<Listener>>()
  const current: { client?: pg.Client } = {}
  const tell = (channel: string, word: (listener: Listener) => void) => {
    for (const listener of channels.get(channel) ?? []) {
      try {
        word(listener)
      } catch (error) {
        log.error({ channel, reason: String(error) }, 'a listener of the database failed')
      }
    }
  }
  /** On a connection that breaks meanwhile nothing is said: the next one joins again. */
  const hear = async (client: pg.Client, channel: string, word: (listener: Listener) => void) => {
    await client.query(`LISTEN ${pg.escapeIdentifier(channel)}`)
    if (current.client === client) tell(channel, word)
  }
  return {
    add: (channel, listener) => {
      const listeners = channels.get(channel) ?? new Set()
      channels.set(channel, listeners.add(listener))
      const { client } = current
      if (client !== undefined)
        hear(client, channel, (each) => each === listener && each.connected()).catch(() => undefined)
      return {
        stop: () => {
          listeners.delete(listener)
        },
      }
    },
    join: async (client) => {
      client.on('notification', ({ channel, payload }) => tell(channel, (listener) => listener.notified(payload ?? '')))
      current.client = client
      client.once('end', () => {
        if (current.client === client) delete current.client
      })
      for (const channel of channels.keys()) await hear(client, channel, (listener) => listener.connected())
    },
  }
}
