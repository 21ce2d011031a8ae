import { Controller, Delete, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import type { Identity, SessionId } from '@sallyport/core';
import { Caller, Id, type Page, PageQuery, Requires } from '../../platform/index.js';
import { ProjectionRebuild } from './projection-rebuild.js';
import { type Replay, Replays } from './replay.js';
import type { OperationView, SessionView } from './session-view.js';
import { ReplayQuery, SessionsQuery } from './sessions.dto.js';
import { SessionsService } from './sessions.service.js';

@Controller('v1/sessions')
export class SessionsController {
  constructor(
    private readonly sessions: SessionsService,
    private readonly replays: Replays,
    private readonly rebuilds: ProjectionRebuild,
  ) {}

  @Get()
  @Requires('session.read')
  list(@Caller() caller: Identity, @Query() query: SessionsQuery): Promise<Page<SessionView>> {
    return this.sessions.list(caller, query);
  }

  @Get(':id')
  @Requires('session.read')
  get(@Caller() caller: Identity, @Param('id', Id) id: SessionId): Promise<SessionView> {
    return this.sessions.get(caller, id);
  }

  @Get(':id/operations')
  @Requires('session.read')
  operations(
    @Caller() caller: Identity,
    @Param('id', Id) id: SessionId,
    @Query() query: PageQuery,
  ): Promise<Page<OperationView>> {
    return this.sessions.operations(caller, id, query);
  }

  @Get(':id/replay')
  @Requires('session.read')
  replay(@Caller() caller: Identity, @Param('id', Id) id: SessionId, @Query() query: ReplayQuery): Promise<Replay> {
    return this.replays.open(caller, id, query);
  }

  @Delete(':id')
  @Requires('session.end')
  @HttpCode(204)
  end(@Caller() caller: Identity, @Param('id', Id) id: SessionId): Promise<void> {
    return this.sessions.end(caller, id);
  }

  /** Makes the tables of sessions and operations anew, out of the log. */
  @Post('rebuild')
  @Requires('evidence.repair')
  @HttpCode(200)
  rebuild(): Promise<{ entries: number }> {
    return this.rebuilds.rebuild();
  }
}
