/**
 * The rules of the normalising sweep, as data: what each does, what guards it, and how sound it is. The engine names
 * the rule at every step it takes, `explain` prints it, docs/rules.md is printed from here, and every rule is tested from
 * this table: both sides are evaluated with the holes filled at random.
 *
 * exact: every double, bit for bit. finite: not for NaN, Infinity, -0. approx: may change rounding.
 * Holes: ?f ?g ?h have axes A and B; ?b has B; ?c has neither; ?u has A and is 0 outside it; ?y is an integer.
 */
export type Soundness = 'exact' | 'finite' | 'approx';

export interface Rule {
  readonly name: string;
  /** Lowers the cost, or puts in order. */
  readonly effect: 'lowers' | 'fixes';
  readonly left: string;
  readonly right: string;
  readonly guard: string;
  readonly soundness: Soundness;
}

const rule = (soundness: Soundness, effect: Rule['effect']) => (name: string, left: string, right: string, guard = ''): Rule =>
  ({ name, effect, left, right, guard, soundness });

const exact = { lowers: rule('exact', 'lowers'), fixes: rule('exact', 'fixes') };
const approx = { lowers: rule('approx', 'lowers'), fixes: rule('approx', 'fixes') };

export const rules = [
  approx.fixes ('mul-merge',          '?f^2 * ?f^3',                                            '?f^5',                          'powers that cancel need ?f != 0'),
  approx.lowers('add-collect',        '2*?f + 3*?f',                                            '5*?f'),
  approx.fixes ('distribute-adjoint', '(?f + ?g) * ?h',                                         '?f*?h + ?g*?h',                 'the bracket is an adjoint being accumulated, never an opaque sum'),
  approx.fixes ('fold-definition',    '?f',                                                     '?f*?h / ?h',                    'the definition ?f*?h is at hand, ?f is not; ?h is never 0'),
  approx.fixes ('exp-log',            'exp(?f - log(?h^2))',                                    'exp(?f) / ?h^2',                'the definition ?f - log(?h^2) is at hand'),
  approx.fixes ('sum-linear',         'sum[A](?f + ?g)',                                        'sum[A](?f) + sum[A](?g)',       'at most one new reduction is born'),
  approx.lowers('sum-pull',           'sum[A](?c * ?f)',                                        '?c * sum[A](?f)',               '?c carries none of A'),
  approx.lowers('sum-const',          'sum[A](where(index(A) >= 0, ?c, 0))',                    'A * ?c',                        '?c carries none of A'),
  approx.lowers('sum-split',          'sum[A, B](?b * ?f)',                                     'sum[B](?b * sum[A](?f))',       '?b carries no A and is no condition; all else carries A and B'),
  approx.lowers('sum-of-sum',         'sum[A, B](?f)',                                          'sum[B](sum[A](?f))',            'sum[A](?f) is already computed'),
  approx.lowers('fact',               'sum[A](?f - mean[A](?f)) + ?c',                          '?c',                            'a sum of forward values comes out as one term'),
  exact.lowers ('delta-sum',          "sum[A'](where(index(A') == index(A), ?u[A'], 0))",       '?u'),
  exact.lowers ('delta-stride',       "sum[A'](where(2*index(A') == index(A), ?u[A'], 0))",     '?u[A/2]',                       'a read that does not divide is outside, and 0'),
  exact.lowers ('delta-gather',       'sum[A](where(index(A) == ?y, ?u, 0))',                   '?u[?y]',                        '?y is checked as it is read'),
  exact.lowers ('guard-true',         'where(index(A) >= 0, ?f, 0)',                            '?f',                            'interval arithmetic decides'),
  exact.lowers ('guard-false',        'where(index(A) == ?y, where(index(A) != ?y, ?f, 0), 0)', '0*index(A)',                    'the conditions exclude each other'),
  exact.fixes  ('guard-twice',        'where(index(A) == ?y, where(index(A) == ?y, ?f, 0), 0)', 'where(index(A) == ?y, ?f, 0)'),
  approx.lowers('proved-zero',        '(1 - ?f)*?g - ?g + ?f*?g',                               '0*?f',                          'the proof engine: the adjoint of a maximum is 0 at every input'),
] as const satisfies readonly Rule[];

export type RuleName = (typeof rules)[number]['name'];
