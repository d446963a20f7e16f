import type { ClientRequest } from 'node:http'

/** How often to look, in milliseconds: also how long a natural exit may be held up by a silent receiver. */
const lookEveryMs = 50

const connecting = new Set(['TCPConnectWrap', 'GetAddrInfoReqWrap'])

/**
 * A socket that is still connecting keeps the process alive although it is unreferenced: libuv counts its
 * connect request. While ours connects, look whether it is the only thing left, and then let go.
 */
export const abandonWhenAlone = (request: ClientRequest): (() => void) => {
  const timer = setInterval(() => {
    if (request.socket?.connecting === false) {
      clearInterval(timer)
      return
    }
    if (process.getActiveResourcesInfo().every((resource) => connecting.has(resource))) request.destroy()
  }, lookEveryMs)
  timer.unref()
  return () => clearInterval(timer)
}
