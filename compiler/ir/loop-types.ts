/** The type of an expression of a LoopNest, read off its leaves. */
import type { LoopExpr, Ty, VectorTy } from './loop.ts';

const TRUTH: ReadonlySet<string> = new Set(['<', '<=', '>', '>=', '==', '!=', 'and', 'or', 'not']);

export const isVector = (ty: Ty): ty is VectorTy => ty === 'f32x4' || ty === 'f64x2' || ty === 'i32x4' || ty === 'mask';

/** What an expression is. An index counts as an integer, and becomes a double where it meets one. */
export function typeOf(e: LoopExpr): Ty {
  switch (e.kind) {
    case 'const': case 'named': return 'f64';
    case 'local': case 'load': case 'splat': return e.ty;
    case 'linear': case 'quotient': return 'i32';
    case 'inside': return 'bool';
    case 'unary': {
      const of = typeOf(e.x);
      if (e.op === 'flag') return of === 'mask' ? 'f32x4' : 'f64';
      return e.op === 'not' && of !== 'mask' ? 'bool' : isVector(of) ? of : e.op === 'not' ? 'bool' : 'f64';
    }
    case 'binary': {
      const of = isVector(typeOf(e.a)) ? typeOf(e.a) : typeOf(e.b);
      if (TRUTH.has(e.op)) return isVector(of) ? 'mask' : 'bool';
      return isVector(of) ? of : e.op === '%' && of === 'i32' ? 'i32' : 'f64';
    }
    case 'select': return typeOf(e.a) === 'i32' && typeOf(e.b) !== 'i32' ? typeOf(e.b) : typeOf(e.a);
    case 'choose': return typeOf(e.c) === 'mask' ? 'i32x4' : 'i32';
    case 'shuffle': return typeOf(e.a);
    case 'lane': return typeOf(e.x) === 'i32x4' ? 'i32' : 'f64';
    case 'join': return 'f32x4';
    case 'fold': return 'f64';
    case 'widen': return 'f64x2';
    case 'narrow': return 'f32x4';
    default: return e satisfies never;
  }
}
