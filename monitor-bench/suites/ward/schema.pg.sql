create schema care;
create table orgs (id int primary key, slug varchar(40) not null, plan varchar(12) not null, region varchar(8) not null);
create table "Patient" ("Id" bigint primary key, "OrgId" int not null, "Mrn" varchar(16) not null, "LastName" varchar(40) not null, "BirthDate" date not null, "Active" boolean not null, "DeletedAt" timestamp, "Tags" text[] not null, "Profile" jsonb not null);
create table staff (id int primary key, org_id int not null, email varchar(60) not null, role varchar(20) not null, badge varchar(12) not null, left_at timestamp);
create table visit (org_id int not null, visit_no int not null, patient_id bigint not null, ward varchar(12) not null, state varchar(12) not null, admitted_at timestamp not null, discharged_at timestamp, attending_badge varchar(12) not null, primary key (org_id, visit_no));
create table care.orders (id bigint primary key, org_id int not null, visit_no int not null, kind varchar(12) not null, state varchar(12) not null, priority smallint not null, placed_at timestamp not null, due_at timestamp not null, placed_by int not null);
create table care.results (order_id bigint not null, analyte varchar(10) not null, value double precision not null, flag char(1) not null, taken_at timestamp not null);
create table vitals (device varchar(12) not null, kind smallint not null, at timestamp not null, value real not null);
create table beds (id int primary key, org_id int not null, ward varchar(12) not null, label varchar(8) not null, occupied boolean not null);
create table appointments (id int primary key, org_id int not null, clinician_id int not null, patient_id bigint not null, starts_at timestamp not null, ends_at timestamp not null, status varchar(12) not null, note text not null);
create table outbox (id bigint primary key, topic varchar(20) not null, state varchar(8) not null, run_at timestamp not null, attempts smallint not null, body text not null);
create table audit (id bigint primary key, org_id int not null, actor_id int not null, entity varchar(16) not null, entity_id bigint not null, at timestamp not null, detail text not null);
create table documents (id int primary key, org_id int not null, patient_id bigint not null, kind varchar(12) not null, title varchar(80) not null, body text not null, words tsvector not null, labels text[] not null, meta jsonb not null, created_at timestamp not null, deleted_at timestamp);
create index patient_org on "Patient" ("OrgId");
create unique index staff_badge on staff (badge);
create index orders_placed on care.orders (placed_at);
create index results_order on care.results (order_id);
create index appointments_clinician on appointments (clinician_id);
create index audit_entity on audit (entity, entity_id)
