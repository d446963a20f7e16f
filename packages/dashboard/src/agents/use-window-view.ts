import type { RefObject } from 'preact'
import { useLayoutEffect, useState } from 'preact/hooks'

/** The part of an element that the window shows: distance from its top to the window's, and the window's height. */
export interface WindowView {
  topPx: number
  viewportPx: number
}

/** Steps in which the view is followed: finer ones would draw the same rows again. */
const stepPx = 40

/**
 * Follows the window's scrolling over an element. The page scrolls as a whole, so that a phone has one
 * scrolling surface and the browser's own search bar, gestures and keys work.
 */
export function useWindowView(element: RefObject<HTMLElement | null>): WindowView {
  const [view, setView] = useState<WindowView>({ topPx: 0, viewportPx: 0 })
  useLayoutEffect(() => {
    const look = () => {
      const box = element.current?.getBoundingClientRect()
      if (!box) return
      const topPx = Math.floor(-box.top / stepPx) * stepPx
      const viewportPx = innerHeight + stepPx
      setView((old) => (old.topPx === topPx && old.viewportPx === viewportPx ? old : { topPx, viewportPx }))
    }
    look()
    addEventListener('scroll', look, { passive: true })
    addEventListener('resize', look)
    // What stands above the list grows and shrinks with alerts, which is no scrolling.
    const growth = new ResizeObserver(look)
    growth.observe(document.body)
    return () => {
      removeEventListener('scroll', look)
      removeEventListener('resize', look)
      growth.disconnect()
    }
  }, [element])
  return view
}
