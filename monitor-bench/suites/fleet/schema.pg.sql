create table tenants (id int primary key, slug varchar(40) not null, plan varchar(12) not null, created_at timestamp not null);
create table devices (id int primary key, tenant_id int not null, serial varchar(24) not null, model varchar(20) not null, site varchar(30) not null, state varchar(12) not null, last_seen timestamp not null, labels jsonb not null, deleted_at timestamp);
create table samples (device_id int not null, metric smallint not null, at timestamp not null, value double precision not null);
create table alarms (id bigint primary key, tenant_id int not null, device_id int not null, code varchar(16) not null, severity smallint not null, opened_at timestamp not null, closed_at timestamp, ack_by int);
create table commands (id bigint primary key, device_id int not null, state varchar(10) not null, kind varchar(12) not null, payload text not null, queued_at timestamp not null, sent_at timestamp, tries smallint not null);
create table notes (id int primary key, tenant_id int not null, device_id int not null, author varchar(30) not null, body text not null, tags text[] not null, created_at timestamp not null, deleted_at timestamp);
create table sessions (token char(32) primary key, tenant_id int not null, user_email varchar(60) not null, expires_at timestamp not null, ip varchar(15) not null);
create table usage_daily (tenant_id int not null, day date not null, metric smallint not null, amount bigint not null, primary key (tenant_id, day, metric));
create unique index tenants_slug on tenants (slug);
create index samples_at on samples (at);
create index devices_tenant on devices (tenant_id);
create index commands_queued on commands (queued_at)
