// Every export has a doc comment (CONTRIBUTING.md); a re-export is documented where it is made.
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

const root = join(import.meta.dirname, '..');
const declaration =
  /^export (?:abstract |async |declare )*(?:class|const|function\*?|interface|type|let) ([A-Za-z_$][\w$]*)/;

function sources(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name) && !/\.test\.tsx?$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

function undocumented(file: string): string[] {
  const lines = readFileSync(file, 'utf8').split('\n');
  const documented = new Set<string>();
  const found: string[] = [];
  lines.forEach((line, index) => {
    const name = declaration.exec(line)?.[1];
    if (!name) return;
    const above = lines[index - 1]?.trimEnd() ?? '';
    // An overload, or a schema and the type made from it, share the first one's comment.
    if (above.endsWith('*/') || documented.has(name)) documented.add(name);
    else found.push(`${relative(root, file)}:${index + 1} ${name} has no doc comment`);
  });
  return found;
}

const problems = sources(join(root, 'src')).flatMap(undocumented);
for (const problem of problems) console.error(problem);
process.exitCode = problems.length > 0 ? 1 : 0;
