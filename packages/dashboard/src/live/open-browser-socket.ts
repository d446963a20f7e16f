import type { LiveSocket } from './follow-live.ts'

/** Opens the live feed of the aggregator that served this page. */
export function openBrowserSocket(listeners: { frame(data: unknown): void; closed(): void }): LiveSocket {
  const address = new URL('/api/live', location.href)
  address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:'
  const socket = new WebSocket(address)
  socket.addEventListener('message', (event) => listeners.frame(event.data))
  // `error` is always followed by `close`, and says nothing that the page could use.
  socket.addEventListener('close', () => listeners.closed())
  return { close: () => socket.close() }
}
