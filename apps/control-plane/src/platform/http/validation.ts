import { ValidationPipe } from '@nestjs/common';
import { GatewayError } from '@sallyport/core';
import type { ValidationError } from 'class-validator';

const mistakesOf = (errors: readonly ValidationError[], path = ''): string[] =>
  errors.flatMap(({ property, constraints, children }) => [
    ...Object.values(constraints ?? {}).map((text) => (path === '' ? text : `${path}.${text}`)),
    ...mistakesOf(children ?? [], path === '' ? property : `${path}.${property}`),
  ]);

/** Bodies and queries hold what their class declares and nothing else: a field that is not declared is a mistake. */
export const validation = (): ValidationPipe =>
  new ValidationPipe({
    transform: true,
    whitelist: true,
    forbidNonWhitelisted: true,
    forbidUnknownValues: true,
    stopAtFirstError: false,
    exceptionFactory: (errors) => {
      const mistakes = mistakesOf(errors);
      return new GatewayError('INVALID_INPUT', mistakes.join('; '), { details: { mistakes } });
    },
  });
