-- Money is stored in the smallest unit of its currency; `minor_digits` says where the point goes (ISO 4217).
create table currencies (
    code         text     primary key,
    name         text     not null,
    minor_digits smallint not null,

    constraint currencies_code_is_iso check (code ~ '^[A-Z]{3}$'),
    constraint currencies_minor_digits_are_few check (minor_digits between 0 and 4)
);

copy currencies (code, name, minor_digits) from stdin;
AUD	Australian dollar	2
BRL	Brazilian real	2
CAD	Canadian dollar	2
CHF	Swiss franc	2
CZK	Czech koruna	2
DKK	Danish krone	2
EUR	Euro	2
GBP	Pound sterling	2
JPY	Japanese yen	0
KWD	Kuwaiti dinar	3
NOK	Norwegian krone	2
PLN	Polish złoty	2
SEK	Swedish krona	2
TRY	Turkish lira	2
USD	United States dollar	2
\.

-- upshift: verify
select count(*) = 15 from currencies;
select minor_digits = 0 from currencies where code = 'JPY';

-- upshift: down
drop table currencies;
