alter table orders rename column note to remark;
-- upshift: down
alter table orders rename column remark to note;
