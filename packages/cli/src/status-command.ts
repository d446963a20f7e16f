import { renderQuantity } from '@perfmon/core'
import type { StatusResponse } from '@perfmon/protocol'
import { bad, doubtful, good, strong, terminal } from './terminal.ts'

export interface StatusFlags {
  readonly url: string
  readonly json?: boolean
}

const bandStyle = { good, warning: doubtful, critical: bad }

/** `perfmon status`: how the swarm is, in one look. Exit code 0 well, 3 warning, 4 critical, 1 not reachable. */
export async function statusCommand({ url, json }: StatusFlags): Promise<void> {
  if (!URL.canParse(url)) {
    terminal.say(`${url} is no address. Write it as http://127.0.0.1:8080.`)
    process.exitCode = 2
    return
  }
  const token = process.env['PERFMON_TOKEN']
  let status: StatusResponse
  try {
    const response = await fetch(new URL('/api/status', url), {
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(5_000),
    })
    if (!response.ok) throw new Error(`it answered ${response.status}`)
    status = (await response.json()) as StatusResponse
  } catch (error) {
    const cause = (error as Error).cause
    const reason = cause instanceof Error ? cause.message : (error as Error).message
    terminal.say(`No aggregator answers at ${url} (${reason}). Start one with: perfmon start`)
    process.exitCode = 1
    return
  }
  const { health } = status
  if (json) terminal.print(JSON.stringify(status))
  else {
    const { agents, alerts } = health
    terminal.print(
      bandStyle[health.band](strong(`${health.band.toUpperCase()}  health ${health.score} of 100`)),
    )
    for (const reason of health.reasons) terminal.print(`  ${reason}`)
    const here = agents.total - agents.offline - agents.left
    terminal.print(`Agents   ${here} reporting, ${agents.offline} offline, ${agents.left} left`)
    terminal.print(
      `Alerts   ${alerts.critical} critical, ${alerts.warning} warning, ${alerts.pending} pending`,
    )
    const responseTime = health.responseTime === null ? 'unknown' : renderQuantity(health.responseTime, 's')
    const errors = health.errorRate === null ? 'unknown' : renderQuantity(health.errorRate, '1')
    terminal.print(
      `Traffic  ${renderQuantity(health.requestRate, '{request}/s')}, ${responseTime} mean, ${errors} failed`,
    )
    terminal.print(`Version  ${status.version}, data in ${status.dataDir}`)
  }
  process.exitCode = { good: 0, warning: 3, critical: 4 }[health.band]
}
