import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { axisIndex } from '../../compiler/ir/affine.ts';
import { add, binary, constant, hit, mul, option, read, reduce, select } from '../../compiler/ir/expr.ts';
import type { Program } from '../../compiler/ir/tensor.ts';
import { verifyProgram } from '../../compiler/ir/verify.ts';
import { InternalError } from '../../compiler/support/invariant.ts';
import { define, own, program, tensor } from './build.ts';

const x = tensor('x', 'N D');
const sizes = { N: 2, D: 3 };
const out = tensor('out', 'N D', { role: 'output' });
const good = define('y', 'N D', mul(own(x), constant(2)));

test('what every phase promises holds or is named', () => {
  const late = define('z', 'N D', add(own(good), own(x)));
  const cases: readonly (readonly [Program, RegExp])[] = [
    [program(sizes, [x, x], []), /tensor x is declared twice/],
    [program(sizes, [x], [good, good]), /y is defined twice/],
    [program(sizes, [x], [late, good]), /z reads y, which stands nowhere before it/],
    [program(sizes, [x], [define('y', 'N', own(x))]), /y has \[N\], its formula leaves \[N, D\] free/],
    [program(sizes, [x], [define('y', 'N', read('x', [axisIndex('N')]))]), /reads x with 1 indices for 2 axes/],
    [program({ N: 2 }, [x], []), /axis D has no size/],
    [program(sizes, [x], [define('y', 'N', reduce('sum', ['D', 'D'], own(x)))]), /reduces an axis twice/],
    [program(sizes, [x], [define('y', 'N D', binary('>', own(x), constant(0)))]), /y is a truth value/],
    [program(sizes, [x], [define('y', 'N D', select(own(x), own(x), own(x)))]), /a number stands as operand 1 of select/],
    [program(sizes, [x], [define('y', '', option('eps'))]), /reads eps, no numeric option/],
    [program(sizes, [x], [good, define('hit(y)', 'N D', hit('y', 'first'))]), /y is no max or min/],
    [program(sizes, [x], [good], { stores: [{ tensor: out, definition: 'z' }] }), /store of out: z is not defined/],
    [program(sizes, [x], [good], { stores: [{ tensor: tensor('out', 'N'), definition: 'y' }] }), /store of out has \[N\], y has \[N, D\]/],
  ];
  for (const [p, message] of cases) {
    assert.throws(() => verifyProgram(p), (e: unknown) => e instanceof InternalError && message.test(e.message));
  }
  verifyProgram(program(sizes, [x], [good, late], { stores: [{ tensor: out, definition: 'z' }] }));
});

test.run();
