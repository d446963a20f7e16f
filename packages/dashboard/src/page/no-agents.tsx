import type { StatusResponse } from '@perfmon/protocol'
import { useEffect, useState } from 'preact/hooks'
import { fetchJsonFromOrigin } from '../drawer/vital-history.ts'

const command = 'node --import @perfmon/agent-probe agent.js'

/** Nothing reports yet: says exactly what to do next. */
export function NoAgents() {
  const otlpAddress = useOtlpAddress()
  return (
    <section class="panel no-agents" aria-labelledby="no-agents-title">
      <h2 id="no-agents-title">No agent reports yet</h2>
      <p>Start an agent with the probe. Its code stays as it is; it appears here within seconds.</p>
      <CopyLine text={command} />
      <p>
        Anything that sends OpenTelemetry metrics over OTLP/HTTP is an agent too
        {otlpAddress === null ? '.' : ': point it here.'}
      </p>
      {otlpAddress !== null && <CopyLine text={`OTEL_EXPORTER_OTLP_ENDPOINT=${otlpAddress}`} />}
      <p class="quiet">This page is listening. There is nothing to reload.</p>
    </section>
  )
}

function CopyLine({ text }: { text: string }) {
  const [copied, setCopied] = useState(false)
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text)
      setCopied(true)
    } catch {
      // No clipboard without https or permission: the text is there to be selected.
      setCopied(false)
    }
  }
  return (
    <div class="copy-line">
      <code>{text}</code>
      <button type="button" class="button" onClick={() => void copy()}>
        {copied ? 'Copied' : 'Copy'}
      </button>
    </div>
  )
}

/** Where the aggregator takes OTLP; `null` while it is not known, and when it will not say. */
function useOtlpAddress(): string | null {
  const [address, setAddress] = useState<string | null>(null)
  useEffect(() => {
    const asking = new AbortController()
    fetchJsonFromOrigin('/api/status', asking.signal).then(
      (status) => setAddress((status as Partial<StatusResponse>).otlp ?? null),
      () => setAddress(null),
    )
    return () => asking.abort()
  }, [])
  return address
}
