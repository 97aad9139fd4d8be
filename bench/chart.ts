import { isReached, judged, type Measured } from './row.ts'

const WIDTH = 860
const ROW_HEIGHT = 46
const LEFT = 20
const BAR_LEFT = 20
const BAR_WIDTH = 620
const TARGET_AT = 0.5

/**
 * Draws one bar a row: how far the figure is from its target, which is the same line for all. Left of the line is worse for
 * rows that must be large and better for rows that must be small; the colour says whether the target is reached.
 */
export function drawChart(rows: readonly Measured[]): string {
  const height = rows.length * ROW_HEIGHT + 50
  const bars = rows.map((row, at) => drawRow(row, 20 + at * ROW_HEIGHT)).join('')
  const line = BAR_LEFT + BAR_WIDTH * TARGET_AT
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" font-family="system-ui, sans-serif" font-size="13">
<rect width="100%" height="100%" fill="#ffffff"/>
${bars}<line x1="${line}" y1="12" x2="${line}" y2="${height - 30}" stroke="#111827" stroke-dasharray="4 3"/>
<text x="${line}" y="${height - 12}" text-anchor="middle" fill="#111827">target</text>
</svg>
`
}

function drawRow(row: Measured, top: number): string {
  const value = judged(row)
  const share = Math.min(1, (value / row.target.limit) * TARGET_AT)
  const colour = isReached(row) ? '#10b981' : '#ef4444'
  const unit = row.target.of === 'ratio' ? '× the floor' : row.unit
  const sign = row.target.bound === 'atLeast' ? '≥' : '≤'
  const shown = value >= 100 ? Math.round(value) : value.toFixed(2)
  return `<text x="${LEFT}" y="${top + 12}" fill="#374151">${row.name}</text>
<rect x="${BAR_LEFT}" y="${top + 18}" width="${Math.max(2, share * BAR_WIDTH)}" height="14" rx="2" fill="${colour}"/>
<text x="${BAR_LEFT + BAR_WIDTH + 12}" y="${top + 30}" fill="#111827">${shown} ${unit} (must be ${sign} ${row.target.limit})</text>
`
}
