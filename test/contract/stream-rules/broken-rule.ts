/** Thrown where a rule is broken, with its name. */
export class BrokenRule<Rule extends string = string> extends Error {
  override readonly name = 'BrokenRule';
  readonly rule: Rule;

  constructor(rule: Rule, what: string) {
    super(`${rule}: ${what}`);
    this.rule = rule;
  }
}
