import { Body, Controller, Get, HttpCode, Param, ParseIntPipe, Post, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Identity } from '@sallyport/core';
import { packs, schemaText } from '@sallyport/policy';
import { Caller, Idempotent, type Page, PageQuery, Requires } from '../../platform/index.js';
import {
  ActivatePolicyBody,
  CreatePolicyBody,
  PacksView,
  PolicyPageView,
  PolicyTextBody,
  PolicyView,
  SchemaView,
  TestPolicyBody,
  TestView,
  ValidationView,
} from './policies.dto.js';
import { PoliciesService } from './policies.service.js';
import { PolicyRuntime } from './policy-runtime.js';
import { PolicyTrial } from './policy-trial.js';

@ApiTags('policies')
@Controller('v1/policies')
export class PoliciesController {
  constructor(
    private readonly policies: PoliciesService,
    private readonly runtime: PolicyRuntime,
    private readonly trial: PolicyTrial,
  ) {}

  @Get()
  @Requires('policy.read')
  @ApiOperation({ summary: 'the policies in force' })
  @ApiOkResponse({ type: PolicyView })
  active(): Promise<PolicyView> {
    return this.policies.active();
  }

  @Get('packs')
  @Requires('policy.read')
  @ApiOperation({ summary: 'ready-made policies to start from' })
  @ApiOkResponse({ type: PacksView })
  packs(): PacksView {
    return { items: packs, next_cursor: null };
  }

  @Get('schema')
  @Requires('policy.read')
  @ApiOperation({ summary: 'what policies can speak about' })
  @ApiOkResponse({ type: SchemaView })
  schema(): SchemaView {
    return { schema: schemaText };
  }

  @Post('validate')
  @HttpCode(200)
  @Requires('policy.test')
  @ApiOperation({ summary: 'what is wrong with a policy text' })
  @ApiOkResponse({ type: ValidationView })
  validate(@Body() { text }: PolicyTextBody): ValidationView {
    const problems = this.runtime.validate(text);
    return { valid: problems.every(({ severity }) => severity !== 'error'), problems };
  }

  @Post('test')
  @HttpCode(200)
  @Requires('policy.test')
  @ApiOperation({ summary: 'would this be allowed?' })
  @ApiOkResponse({ type: TestView })
  test(@Caller() by: Identity, @Body() body: TestPolicyBody): Promise<TestView> {
    return this.trial.run(by, body);
  }

  @Post()
  @Idempotent()
  @Requires('policy.write')
  @ApiOperation({ summary: 'add a version and put it in force' })
  @ApiCreatedResponse({ type: PolicyView })
  create(@Caller() by: Identity, @Body() body: CreatePolicyBody): Promise<PolicyView> {
    return this.policies.create(by, body);
  }

  @Get('versions')
  @Requires('policy.read')
  @ApiOperation({ summary: 'every version there ever was, the newest first' })
  @ApiOkResponse({ type: PolicyPageView })
  list(@Query() query: PageQuery): Promise<Page<PolicyView>> {
    return this.policies.list(query);
  }

  @Get('versions/:version')
  @Requires('policy.read')
  @ApiOperation({ summary: 'one version' })
  @ApiOkResponse({ type: PolicyView })
  find(@Param('version', ParseIntPipe) version: number): Promise<PolicyView> {
    return this.policies.find(version);
  }

  @Post('versions/:version/activate')
  @HttpCode(200)
  @Requires('policy.write')
  @ApiOperation({ summary: 'put an older version in force again' })
  @ApiOkResponse({ type: PolicyView })
  activate(
    @Caller() by: Identity,
    @Param('version', ParseIntPipe) version: number,
    @Body() body: ActivatePolicyBody,
  ): Promise<PolicyView> {
    return this.policies.activate(by, version, body);
  }
}
