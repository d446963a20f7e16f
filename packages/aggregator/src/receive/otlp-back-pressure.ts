import { StoreError } from '../store/store.ts'
import type { Ingest } from './ingest.ts'
import type { OtlpIngest, OtlpOverload } from './otlp-ingest.ts'

/** Short enough for the OpenTelemetry SDKs, whose whole export must end within ten seconds. */
const retryAfterSeconds = 2

/**
 * What the store cannot take now, the sender keeps and sends again: a full queue and a full disk become "try
 * again in two seconds" instead of a failure.
 */
export function refuseWhileStoreIsBusy(ingest: Ingest): OtlpIngest {
  return {
    accept: (decode) => ingest.accept(decode).catch(explain),
    acceptRecords: (signal, decode) => ingest.acceptRecords(signal, decode).catch(explain),
  }
}

function explain(error: unknown): never {
  if (!(error instanceof StoreError)) throw error
  if (error.code !== 'overloaded' && error.code !== 'disk-full') throw error
  const code = error.code === 'overloaded' ? 'overloaded' : 'unavailable'
  throw { code, retryAfterSeconds } satisfies OtlpOverload
}
