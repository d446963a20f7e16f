import { expect, it } from 'vitest'
import { sampleAlert } from '../../fake-aggregator/sample-records.ts'
import { firstOf, openAlertItems, resolvedAlerts } from './alert-order.ts'

it('puts active before pending, critical before warning, the longest first', () => {
  const alerts = [
    sampleAlert({
      id: 'pending-critical',
      rule: 'a',
      state: 'pending',
      severity: 'critical',
      activeSinceMs: null,
    }),
    sampleAlert({ id: 'warning', rule: 'b' }),
    sampleAlert({ id: 'critical-new', rule: 'c', severity: 'critical', activeSinceMs: 90 }),
    sampleAlert({ id: 'critical-old', rule: 'd', severity: 'critical', activeSinceMs: 10 }),
    sampleAlert({ id: 'over', state: 'resolved' }),
  ]
  expect(openAlertItems(alerts).map((item) => firstOf(item).id)).toEqual([
    'critical-old',
    'critical-new',
    'warning',
    'pending-critical',
  ])
})

it('folds the many of one rule into one line, of one severity and state each', () => {
  const alerts = Array.from({ length: 1000 }, (_, index) =>
    sampleAlert({ id: `a${index}`, severity: index < 4 ? 'critical' : 'warning', activeSinceMs: index }),
  )
  const items = openAlertItems([
    ...alerts,
    sampleAlert({ id: 'single', rule: 'other', severity: 'critical' }),
  ])
  expect(items.map((item) => (item.kind === 'group' ? item.alerts.length : item.alert.id))).toEqual([
    4,
    'single',
    996,
  ])
})

it('lists the latest resolved first, and none that was only ever pending', () => {
  const alerts = [
    sampleAlert({ id: 'early', state: 'resolved', resolvedAtMs: 1 }),
    sampleAlert({ id: 'late', state: 'resolved', resolvedAtMs: 2 }),
    sampleAlert({ id: 'withdrawn', state: 'resolved', resolvedAtMs: 3, activeSinceMs: null }),
    sampleAlert({ id: 'open' }),
  ]
  expect(resolvedAlerts(alerts).map(({ id }) => id)).toEqual(['late', 'early'])
})
