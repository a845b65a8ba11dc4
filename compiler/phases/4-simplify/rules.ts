/**
 * The rules of the normalising sweep, as data: what each does, what guards it, and how sound it is. The engine names
 * the rule at every step it takes, `explain` prints it, docs/rules.md is printed from here, and every rule is tested from
 * this table: both sides are evaluated with the holes filled at random.
 *
 * exact: every double, bit for bit. finite: not for NaN, Infinity, -0. approx: may change rounding.
 * Holes: `?f` stands for any formula over the axes it is written with, `?c` for one without the summed axes.
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
const finite = { lowers: rule('finite', 'lowers'), fixes: rule('finite', 'fixes') };
const approx = { lowers: rule('approx', 'lowers'), fixes: rule('approx', 'fixes') };

export const rules = [
  finite.fixes ('mul-merge',          '?f^2 * ?f^3',                                   '?f^5',                                  'powers that cancel need ?f != 0'),
  approx.lowers('add-collect',        '2*?f + 3*?f',                                   '5*?f'),
  approx.fixes ('distribute-adjoint', '(?f + ?g) * ?h',                                '?f*?h + ?g*?h',                         'the bracket is an adjoint being accumulated, never an opaque sum'),
  approx.lowers('expand-if-shorter',  '(1 - ?f)*?g - ?f*(1 - ?g)',                     '?g - ?f',                               'strictly fewer terms'),
  approx.fixes ('fold-definition',    '?f',                                            '?f*?h / ?h',                            'the definition ?f*?h is at hand, ?f is not; ?h is never 0'),
  approx.fixes ('sum-linear',         'sum[A](?f + ?g)',                               'sum[A](?f) + sum[A](?g)',               'at most one new reduction is born'),
  approx.lowers('sum-pull',           'sum[A](?c * ?f)',                               '?c * sum[A](?f)',                       '?c carries none of A'),
  approx.lowers('sum-const',          'sum[A](where(index(A) < A, ?c, 0))',            'A * ?c',                                '?c carries none of A'),
  approx.lowers('sum-split',          'sum[A, B](?b * ?f)',                            'sum[B](?b * sum[A](?f))',               '?b carries no A and is no condition; all else carries A and B'),
  approx.lowers('sum-of-sum',         'sum[A, B](?f)',                                 'sum[B](sum[A](?f))',                    'sum[A](?f) is already computed'),
  approx.lowers('fact',               'sum[A](?f - mean[A](?f))',                      '0 * sum[A](?f)',                        'the sum has no upstream gradient and comes out as one term'),
  exact.lowers ('delta-sum',          "sum[A'](where(index(A') == index(A), ?f[A'], 0))", '?f'),
  exact.lowers ('delta-stride',       "sum[A'](where(2*index(A') == index(A), ?f[A'], 0))", 'where(floor(index(A)/2) == index(A)/2, ?f[A/2], 0)', 'a read that does not divide is outside'),
  exact.lowers ('delta-gather',       'sum[A](where(index(A) == ?y, ?f, 0))',          '?f[?y]',                                '?y is checked as it is read'),
  exact.lowers ('guard-true',         'where(index(A) >= 0, ?f, 0)',                   '?f',                                    'interval arithmetic decides'),
  exact.lowers ('guard-false',        'where(index(A) == ?y, where(index(A) != ?y, ?f, 0), 0)', '0',                            'the conditions exclude each other'),
  exact.fixes  ('guard-twice',        'where(index(A) == ?y, where(index(A) == ?y, ?f, 0), 0)', 'where(index(A) == ?y, ?f, 0)'),
  approx.lowers('proved-zero',        '?f - ?f',                                       '0',                                     'the proof engine: the adjoint is 0 at every input'),
] as const satisfies readonly Rule[];

export type RuleName = (typeof rules)[number]['name'];
