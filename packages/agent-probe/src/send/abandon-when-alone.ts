import type { Socket } from 'node:net'

/** How often to look, in milliseconds: also how long a natural exit may be held up by a silent receiver. */
const lookEveryMs = 50

/** What Node calls a connect request, by version, and a name being looked up. */
const connecting = new Set(['ConnectWrap', 'TCPConnectWrap', 'GetAddrInfoReqWrap'])

/**
 * A socket that is still connecting keeps the process alive although it is unreferenced: libuv counts its
 * connect request. While ours connects, look whether it is the only thing left, and then let go. Returns how
 * to stop looking.
 */
export const abandonWhenAlone = (socket: Socket): (() => void) => {
  const timer = setInterval(() => {
    if (!socket.connecting) clearInterval(timer)
    else if (process.getActiveResourcesInfo().every((resource) => connecting.has(resource))) socket.destroy()
  }, lookEveryMs)
  timer.unref()
  return () => clearInterval(timer)
}
