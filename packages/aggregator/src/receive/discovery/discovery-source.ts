import type { Target } from './target.ts'

/** A place that tells which agents there are, and goes on telling. */
export interface DiscoverySource {
  readonly kind: 'static' | 'file' | 'dns' | 'kubernetes' | 'self-registered'
  /** Which one of its kind, for logs and metrics. */
  readonly name: string
  /**
   * Calls `onTargets` with all targets there are, each time they change, and not while none are known. What fails keeps
   * the last ones. Returns how to stop.
   */
  watch(onTargets: (targets: readonly Target[]) => void): () => void
  /** Failed attempts to learn the targets; targets left out because there were too many or none can be. */
  stats(): { failures: number; leftOut: number }
}
