drop table colours;
