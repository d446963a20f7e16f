import { subscribe } from 'node:diagnostics_channel'
import type { Sources } from '../configure/sources.ts'
import type { HookGuard } from '../hook-guard.ts'
import type { Http2Streams } from './http2-streams.ts'
import type { Recordings } from './recordings.ts'

type ServedMessage = Parameters<Http2Streams['served']>[0]
type MadeMessage = Parameters<Http2Streams['made']>[0]
type Http2Module = typeof import('./http2-streams.ts')

/** Hooks only: what follows a stream is loaded with the agent's first one. Node has these channels since 22.17. */
export const watchHttp2 = ({
  recordings,
  guard,
  sources,
}: {
  recordings: Recordings
  guard: HookGuard
  sources: Sources
}): void => {
  let streams: Http2Streams | undefined
  const load = (): Http2Streams => {
    const { createRequire } = process.getBuiltinModule('node:module')
    const { createHttp2Streams } = createRequire(import.meta.url)('./http2.js') as Http2Module
    streams = createHttp2Streams({ recordings, guard })
    return streams
  }
  if (sources.isOn('http.server.http2')) {
    const onServed = guard.wrap<unknown, ServedMessage>((message) => (streams ?? load()).served(message))
    subscribe('http2.server.stream.created', onServed as (message: unknown) => void)
  }
  if (sources.isOn('http.client.http2')) {
    const onMade = guard.wrap<unknown, MadeMessage>((message) => (streams ?? load()).made(message))
    subscribe('http2.client.stream.created', onMade as (message: unknown) => void)
  }
}
