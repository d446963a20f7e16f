/** One alert, as Alertmanager's webhook (version 4) carries it. Times are RFC 3339. */
export interface WebhookAlert {
  status: 'firing' | 'resolved'
  labels: Record<string, string>
  annotations: Record<string, string>
  startsAt: string
  endsAt: string
  generatorURL: string
  fingerprint: string
}

export interface Delivery {
  /** Unix milliseconds. */
  arrivedAtMs: number
  /** The `Idempotency-Key` header; null: it had none and is never taken for a repetition. */
  idempotencyKey: string | null
  /** How often the same key came again. */
  repeated: number
  alerts: WebhookAlert[]
}

export interface EchoWebhookOptions {
  /** 0, the default: any free one. */
  port?: number
  onAlert?: (alert: WebhookAlert, delivery: Delivery) => void
  /** Gets one line for each alert. Default `console.log`. */
  log?: (line: string) => void
  /** Unix milliseconds. Default `Date.now`. */
  now?: () => number
}

export interface EchoWebhook {
  /** Where alerts are to be posted. */
  url: string
  port: number
  /** The last 100 deliveries without repetitions, oldest first; also at `GET /received`. */
  received(): Delivery[]
  close(): Promise<void>
}

export declare function startEchoWebhook(options?: EchoWebhookOptions): Promise<EchoWebhook>
