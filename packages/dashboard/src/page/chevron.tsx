/** Points right when closed, down when open. */
export function Chevron({ open }: { open: boolean }) {
  return (
    <svg
      class={`chevron${open ? ' chevron-open' : ''}`}
      viewBox="0 0 12 12"
      width="12"
      height="12"
      aria-hidden="true"
    >
      <path d="m4.5 2.5 3.5 3.5-3.5 3.5" />
    </svg>
  )
}
