create table orders (id integer primary key, customer_id integer not null references customers, total real not null);
create index orders_customer on orders (customer_id);
