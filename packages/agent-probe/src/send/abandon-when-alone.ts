import type { Socket } from 'node:net'

/** How often to look, in milliseconds: also how long a natural exit may be held up by a silent receiver. */
const lookEveryMs = 50

/** What Node calls a connect request, by version, and a name being looked up. */
const connecting = new Set(['ConnectWrap', 'TCPConnectWrap', 'GetAddrInfoReqWrap'])

type ActiveHandles = () => readonly { readonly fd?: number | null }[]

/**
 * Standard output and error are listed among the active resources although they keep nothing alive. They can
 * only be told from a pipe that does, such as the standard input of a tool server, by their descriptors; the
 * call for that is undocumented, so that without it nobody is taken to be alone.
 */
const countOutputs = (): number => {
  const { _getActiveHandles: list } = process as { _getActiveHandles?: ActiveHandles }
  return list?.call(process).filter(({ fd }) => fd === 1 || fd === 2).length ?? 0
}

const isAlone = (): boolean =>
  process.getActiveResourcesInfo().filter((resource) => !connecting.has(resource)).length === countOutputs()

/**
 * A socket that is still connecting keeps the process alive although it is unreferenced: libuv counts its
 * connect request. While ours connects, look whether it is the only thing left, and then let go. Returns how
 * to stop looking.
 */
export const abandonWhenAlone = (socket: Socket): (() => void) => {
  const timer = setInterval(() => {
    if (!socket.connecting) clearInterval(timer)
    else if (isAlone()) socket.destroy()
  }, lookEveryMs)
  timer.unref()
  return () => clearInterval(timer)
}
