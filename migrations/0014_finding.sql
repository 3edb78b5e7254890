-- What came of a finding, in the words of whoever looked at it. Who that was is
-- not kept, only as what: moderator or operator.
ALTER TABLE payment_finding ADD COLUMN {{textnull "settled_by" 20}};
ALTER TABLE payment_finding ADD COLUMN {{textnull "reason" 1000}};
