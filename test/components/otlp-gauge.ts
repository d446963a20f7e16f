interface GaugePoint {
  readonly timeMs: number
  readonly value: number
}

/** One gauge of one agent as an OTLP/JSON body, for tests that must know every single point. */
export function otlpGauge(agentId: string, metric: string, points: readonly GaugePoint[]): string {
  const text = (key: string, stringValue: string) => ({ key, value: { stringValue } })
  const dataPoints = points.map(({ timeMs, value }) => ({
    timeUnixNano: `${timeMs}000000`,
    asDouble: value,
  }))
  return JSON.stringify({
    resourceMetrics: [
      {
        resource: {
          attributes: [
            text('service.name', 'point-sender'),
            text('service.namespace', 'components'),
            text('service.instance.id', agentId),
          ],
        },
        scopeMetrics: [{ scope: { name: 'components' }, metrics: [{ name: metric, gauge: { dataPoints } }] }],
      },
    ],
  })
}

/** Posts an OTLP/JSON body; true when the receiver took it. A receiver that is not there has not taken it. */
export async function postOtlp(otlpUrl: string, body: string): Promise<boolean> {
  try {
    const answer = await fetch(`${otlpUrl}/v1/metrics`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    })
    await answer.arrayBuffer()
    return answer.ok
  } catch {
    return false
  }
}
