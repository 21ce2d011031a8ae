import { Controller, Get, Param } from '@nestjs/common';
import { GatewayError, type Identity } from '@sallyport/core';
import { Caller, Requires } from '../../platform/index.js';
import { type TraceKind, type TraceView, traceKinds } from './trace-view.js';
import { Traces } from './traces.service.js';

const idShape = /^[\x21-\x7e]{1,200}$/;

@Controller('v1/traces')
export class TracesController {
  constructor(private readonly traces: Traces) {}

  /** `any` finds out what the id stands for. A tool call, a turn and an AI session may be named as their client names them. */
  @Get(':kind/:id')
  @Requires('session.read')
  find(@Caller() caller: Identity, @Param('kind') kind: string, @Param('id') id: string): Promise<TraceView> {
    const known = traceKinds.find((each): each is TraceKind => each === kind);
    if (known === undefined || !idShape.test(id))
      throw new GatewayError('NOT_FOUND', 'there is no such route or object');
    return this.traces.find(caller, known, id);
  }
}
