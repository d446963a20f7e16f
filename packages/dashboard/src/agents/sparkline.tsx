import { Component } from 'preact'
import { type Ring, slotAt } from '../live/ring.ts'
import { sparklineHeight, sparklinePath, sparklineWidth } from './sparkline-path.ts'

interface SparklineProps {
  ring: Ring | undefined
  /** A number of its own, because the ring is changed in place. */
  ringVersion: number
  nowMs: number
  ceiling: number
  reportIntervalMs: number | null
}

/**
 * Five minutes of one vital sign. SVG and not canvas: with some forty rows on the screen it costs the same,
 * and it follows the theme by itself. Decoration: the number beside it is what is read aloud.
 */
export class Sparkline extends Component<SparklineProps> {
  override shouldComponentUpdate(next: SparklineProps): boolean {
    const { ring, ringVersion, nowMs } = this.props
    return next.ring !== ring || next.ringVersion !== ringVersion || slotAt(next.nowMs) !== slotAt(nowMs)
  }

  override render({ ring, nowMs, ceiling, reportIntervalMs }: SparklineProps) {
    return (
      <svg
        class="sparkline"
        viewBox={`0 -1.5 ${sparklineWidth} ${sparklineHeight + 3}`}
        preserveAspectRatio="none"
        aria-hidden="true"
      >
        {ring && <path d={sparklinePath({ ring, newestSlot: slotAt(nowMs), ceiling, reportIntervalMs })} />}
      </svg>
    )
  }
}
