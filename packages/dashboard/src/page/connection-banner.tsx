import { formatClock, formatSpan } from '../words/format-time.ts'
import { usePage } from './page-model.ts'

/** Says in full what the header's one word cannot: since when, what is shown, what happens next. */
export function ConnectionBanner() {
  const page = usePage()
  const view = page.connection.value
  page.version.value
  if (view.kind === 'live' || view.kind === 'loading') return null
  if (view.kind === 'outdated') {
    return (
      <div class="banner banner-critical" role="alert">
        <strong>This page is older than the aggregator.</strong>
        <span>It speaks live protocol {view.serverProtocol}, this page does not.</span>
        <button type="button" class="button" onClick={() => location.reload()}>
          Reload
        </button>
      </div>
    )
  }
  if (view.kind === 'late') {
    return (
      <div class="banner banner-warning" role="alert">
        <strong>No news from the aggregator.</strong>
        <span class="figure">
          The connection is open. What you see is from {formatClock(page.state.nowMs)},{' '}
          {formatSpan(view.ageMs)} ago.
        </span>
      </div>
    )
  }
  const next = view.retryInMs === null ? 'Trying now' : `Next try in ${Math.ceil(view.retryInMs / 1000)} s`
  return (
    <div class="banner banner-critical" role="alert">
      <strong>{view.kind === 'lost' ? 'Connection lost.' : 'The aggregator cannot be reached.'}</strong>
      <span class="figure">
        {view.kind === 'lost'
          ? `What you see is from ${formatClock(page.state.nowMs)}, ${formatSpan(view.ageMs)} ago. ${next}.`
          : `${next} (attempt ${view.attempt + 1}). Is it running at ${location.host}?`}
      </span>
      <button type="button" class="button" onClick={page.retryNow}>
        Try now
      </button>
    </div>
  )
}
