import type { IncomingMessage } from 'node:http'
import type { ByteLease } from './otlp-byte-budget.ts'
import { refusals } from './otlp-refusal.ts'

/** The sender hung up before its body was complete: there is nobody to answer and nothing to keep. */
export class SenderGone extends Error {
  override readonly name = 'SenderGone'
}

/** Refuses by Content-Length alone, before a byte of the body is asked for. */
export function refuseAnnouncedSize(request: IncomingMessage, maxBodyBytes: number): void {
  if (Number(request.headers['content-length'] ?? 0) > maxBodyBytes) throw refusals.tooLarge(maxBodyBytes)
}

/** The body as it came, whatever its Content-Length claims. Its bytes are taken from `lease`. */
export async function readBody(
  request: IncomingMessage,
  { maxBodyBytes, lease }: { readonly maxBodyBytes: number; readonly lease: ByteLease },
): Promise<Buffer> {
  const chunks: Buffer[] = []
  await forEachChunk(request, maxBodyBytes, (chunk) => {
    if (!lease.take(chunk.length)) throw refusals.overloaded(1)
    chunks.push(chunk)
  })
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)
}

/** Listens rather than iterates: an iterator that is left early destroys the socket, and the answer with it. */
function forEachChunk(
  request: IncomingMessage,
  maxBodyBytes: number,
  visit: (chunk: Buffer) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let bytes = 0
    function stop(error?: unknown) {
      request.off('data', onData).off('end', onEnd).off('close', onClose)
      request.pause()
      if (error === undefined) resolve()
      else reject(error)
    }
    function onData(chunk: Buffer) {
      bytes += chunk.length
      try {
        if (bytes > maxBodyBytes) throw refusals.tooLarge(maxBodyBytes)
        visit(chunk)
      } catch (error) {
        stop(error)
      }
    }
    const onEnd = () => stop()
    const onClose = () => stop(new SenderGone())
    request.on('data', onData).on('end', onEnd).on('close', onClose)
    if (request.destroyed) onClose()
  })
}
