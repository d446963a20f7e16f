import { useEffect } from 'preact/hooks'
import type { PageModel } from './page-model.ts'

/** Keys that work anywhere on the page, unless somebody is typing or has switched them off (WCAG 2.1.4). */
export function useSingleKeys(page: PageModel): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (!page.singleKeys.value || event.ctrlKey || event.metaKey || event.altKey || isTyping(event)) return
      if (event.key === '/') document.getElementById('agent-filter')?.focus()
      else if (event.key === 'p') page.togglePause()
      else if (event.key === '?') page.keysShown.value = true
      else return
      event.preventDefault()
    }
    addEventListener('keydown', onKey)
    return () => removeEventListener('keydown', onKey)
  }, [page])
}

function isTyping(event: KeyboardEvent): boolean {
  const { target } = event
  return target instanceof HTMLElement && target.closest('input, textarea, select, dialog') !== null
}
