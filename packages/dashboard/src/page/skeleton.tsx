/** The page's outline while the first snapshot is on its way. */
export function Skeleton() {
  return (
    <div aria-busy="true">
      <p class="visually-hidden">Waiting for the first data.</p>
      <div class="panel skeleton-strip" aria-hidden="true">
        {['score', 'agents', 'alerts', 'rate', 'time', 'errors'].map((part) => (
          <span key={part} class="bone bone-tall" />
        ))}
      </div>
      <div class="panel skeleton-rows" aria-hidden="true">
        {['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].map((row) => (
          <span key={row} class="bone" />
        ))}
      </div>
    </div>
  )
}
