import type { AgentStatus, Severity } from '@perfmon/protocol'

export type MarkShape = AgentStatus | Severity | 'pending' | 'resolved'

/** A shape for each status and severity: what it means can be told without its colour. */
const paths: Record<MarkShape, string> = {
  active: 'M6 1.5a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9Z',
  idle: 'M6 1.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9Zm0 1.6a2.9 2.9 0 1 1 0 5.8 2.9 2.9 0 0 1 0-5.8Z',
  busy: 'M6 .8 11.2 6 6 11.2.8 6Z',
  error:
    'M3.5 1h5L11 3.5v5L8.5 11h-5L1 8.5v-5ZM4.6 3.5 3.5 4.6 4.9 6 3.5 7.4l1.1 1.1L6 7.1l1.4 1.4 1.1-1.1L7.1 6l1.4-1.4-1.1-1.1L6 4.9Z',
  offline: 'M1.5 1.5h9v9h-9Zm1.6 1.6v5.8h5.8V3.1Z',
  left: 'M1.5 5.1h9v1.8h-9Z',
  critical:
    'M3.5 1h5L11 3.5v5L8.5 11h-5L1 8.5v-5Zm1.6 1.8.3 4h1.2l.3-4Zm.9 4.9a.8.8 0 1 0 0 1.6.8.8 0 0 0 0-1.6Z',
  warning: 'M6 .9 11.6 11H.4Zm-.8 3.4.3 3.3h1l.3-3.3Zm.8 4a.75.75 0 1 0 0 1.5.75.75 0 0 0 0-1.5Z',
  pending:
    'M6 1a5 5 0 1 0 0 10A5 5 0 0 0 6 1Zm0 1.4a3.6 3.6 0 1 1 0 7.2 3.6 3.6 0 0 1 0-7.2Zm-.7 1.2v2.8l2 1.2.6-1-1.3-.8V3.6Z',
  resolved: 'M4.6 10.1.9 6.4l1.2-1.2 2.5 2.5L9.9 2.4l1.2 1.2Z',
}

export function Mark({ shape }: { shape: MarkShape }) {
  return (
    <svg class={`mark mark-${shape}`} viewBox="0 0 12 12" width="12" height="12" aria-hidden="true">
      <path fill-rule="evenodd" d={paths[shape]} />
    </svg>
  )
}
