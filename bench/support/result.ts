/** One line of the table: a figure of ours, and what it is to be read beside, from the same run. */
export interface Result {
  readonly work: string;
  readonly figure: string;
  readonly ours: number;
  /** The peer or the floor. */
  readonly besideName: string;
  readonly beside: number | null;
  readonly unit: string;
  /** What the design asks for, in words. */
  readonly budget: string;
}

/** Two significant digits more than the noise deserves, and no more. */
const round = (value: number): string => (Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(3));

/** The results as a Markdown table. */
export function formatTable(results: readonly Result[]): string {
  const rows = results.map((result) => {
    const beside = result.beside === null ? '–' : `${round(result.beside)} ${result.unit}`;
    const ratio = result.beside ? (result.ours / result.beside).toFixed(2) : '–';
    const ours = `${round(result.ours)} ${result.unit}`;
    return `| ${[result.work, result.figure, ours, result.besideName, beside, ratio, result.budget].join(' | ')} |`;
  });
  return [
    '| work | figure | Headwater | beside | its figure | ratio | budget |',
    '|---|---|---|---|---|---|---|',
    ...rows,
  ].join('\n');
}
