create table customers (id integer primary key, email text not null unique, name text not null);
