import { formatExpected, SETTINGS } from './setting.ts';

/** The table of `docs/configuration.md`: the settings in Markdown. */
export function formatConfigurationTable(): string {
  const rows = SETTINGS.map(({ key, variable, schema }) => {
    const fallback = JSON.stringify(schema.default);
    return `| \`${key}\` | \`${variable}\` | ${formatExpected(schema)} | \`${fallback}\` | ${schema.description} |`;
  });
  return ['| key | environment | takes | default | what it does |', '|---|---|---|---|---|', ...rows].join(
    '\n',
  );
}
