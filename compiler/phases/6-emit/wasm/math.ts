/** Functions of one number beyond instructions: those of JavaScript's Math are imported, others are part of the module. */
import { LARGE, SMALL } from '../erf.ts';
import { call, choose, double, get, op, set, tee, type Code, type Func, type Op } from './code.ts';
import type { Shared } from './body.ts';

const OWN: Readonly<Record<string, (shared: Shared) => Func>> = {
  /** 1 / (1 + exp(-x)), without overflow. */
  sigmoid(shared) {
    const e = call(helper('exp', shared), [op('f64.neg', [op('f64.abs', [x])])], 'f64');
    const top = choose(get('e', 'f64'), double(1), op('f64.lt', [x, double(0)]));
    return unary('sigmoid', ['e'], [set('e', e), op('f64.div', [top, op('f64.add', [double(1), get('e', 'f64')])])]);
  },
  /** The error function: one polynomial up to 1, another up to 6, then 1. */
  erf(shared) {
    const [a, r, u] = [get('a', 'f64'), get('r', 'f64'), get('u', 'f64')];
    const tail = call(helper('exp', shared), [op('f64.mul', [op('f64.neg', [a]), a])], 'f64');
    const large: Code[] = [
      set('u', op('f64.div', [double(2), op('f64.add', [a, double(2)])])), ...horner(LARGE, u),
      set('r', op('f64.sub', [double(1), op('f64.mul', [tail, r])])),
      set('r', choose(double(1), r, op('f64.ge', [a, double(6)]))),
      set('r', op('f64.mul', [op('f64.copysign', [double(1), x]), r])),
    ];
    const small: Code[] = [set('u', op('f64.mul', [x, x])), ...horner(SMALL, u), set('r', op('f64.mul', [x, r]))];
    const isSmall = op('f64.lt', [tee('a', op('f64.abs', [x])), double(1)]);
    return unary('erf', ['a', 'r', 'u'], [{ kind: 'if', condition: isSmall, then: small, otherwise: large }, r]);
  },
};

const x = get('x', 'f64');

const unary = (name: string, locals: readonly string[], body: readonly Code[]): Func =>
  ({ name, exported: false, params: [{ name: 'x', type: 'f64' }], locals: locals.map((l) => ({ name: l, type: 'f64' })), result: 'f64', body });

/** r = ((c0*u + c1)*u + c2)*u + ..., a statement each. */
const horner = ([first, ...rest]: readonly number[], u: Op): Code[] => [
  set('r', double(first!)),
  ...rest.map((c) => set('r', op('f64.add', [op('f64.mul', [get('r', 'f64'), u]), double(c)]))),
];

/** What to call for a function of this name; the module imports or holds it from now on. */
export function helper(name: string, shared: Shared): string {
  const own = OWN[name];
  if (!own) shared.math.add(name);
  else if (!shared.helpers.has(name)) shared.helpers.set(name, own(shared));
  return name;
}
