/** One resource with gauges, as OTLP/JSON: what a sender in any language would post. */
export interface GaugeBody {
  readonly agentId: string
  readonly name: string
  readonly timeMs: number
  readonly metrics: Readonly<Record<string, number>>
}

export function gaugeBody({ agentId, name, timeMs, metrics }: GaugeBody): string {
  const attribute = (key: string, value: string) => ({ key, value: { stringValue: value } })
  return JSON.stringify({
    resourceMetrics: [
      {
        resource: {
          attributes: [
            attribute('service.instance.id', agentId),
            attribute('service.name', name),
            attribute('perfmon.report.interval', '1000'),
          ],
        },
        scopeMetrics: [
          {
            metrics: Object.entries(metrics).map(([metric, value]) => ({
              name: metric,
              gauge: { dataPoints: [{ timeUnixNano: `${timeMs}000000`, asDouble: value }] },
            })),
          },
        ],
      },
    ],
  })
}

/** Posts to `/v1/metrics`. Resolves with the answer, rejects when there is none. */
export async function postMetrics(
  otlp: string,
  body: string | Uint8Array<ArrayBuffer>,
  contentType = 'application/json',
) {
  const response = await fetch(`${otlp}/v1/metrics`, {
    method: 'POST',
    headers: { 'content-type': contentType },
    body,
    signal: AbortSignal.timeout(10_000),
  })
  return {
    status: response.status,
    contentType: response.headers.get('content-type'),
    text: await response.text(),
  }
}
