import { useEffect } from 'preact/hooks'
import { isStale } from './connection-view.ts'
import type { PageModel } from './page-model.ts'

/** The tab says what is wrong without being looked at. */
export function useWindowTitle(page: PageModel): void {
  page.version.value
  const { health } = page.state
  const { critical = 0, warning = 0 } = health?.alerts ?? {}
  const trouble = [critical > 0 && `${critical} critical`, warning > 0 && `${warning} warning`].filter(
    Boolean,
  )
  const title = isStale(page.connection.value)
    ? 'Connection lost · Perfmon'
    : [...trouble, 'Perfmon'].join(' · ')
  useEffect(() => {
    document.title = title
  }, [title])
}
