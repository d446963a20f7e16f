import type { Settings } from '../configure/read-settings.ts'
import { probeVersion } from '../probe-version.ts'

export const requestHeaders = ({ headers, protocol, compression }: Settings): Record<string, string> => ({
  ...headers,
  'content-type': protocol === 'http/json' ? 'application/json' : 'application/x-protobuf',
  'user-agent': `perfmon-agent-probe/${probeVersion}`,
  ...(compression === 'gzip' && { 'content-encoding': 'gzip' }),
})
