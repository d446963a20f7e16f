import type { DropReason } from '../collect/probe-account.ts'

/** Why a report did not arrive: `reason` is counted, `message` is for people. */
export class DeliveryError extends Error {
  override name = 'DeliveryError'
  readonly reason: Exclude<DropReason, 'hook_failed'>

  constructor(reason: Exclude<DropReason, 'hook_failed'>, message: string) {
    super(message)
    this.reason = reason
  }
}
