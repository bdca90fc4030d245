CREATE TABLE public.invoices (
    id bigint NOT NULL,
    total numeric(10,2)
);
