-- One row is an accepted source row of one file.
CREATE OR REPLACE VIEW sightings AS
SELECT n.name AS series, s.day, s.key, s.nth, f.file_id, s.source_row
FROM sightings_stored s JOIN files f USING (file_no) JOIN series_names n ON n.series = s.series;

-- One row is a source row that was not understood.
CREATE OR REPLACE VIEW rejects AS
SELECT f.account, f.venue, f.format, f.file_id, f.name AS file, r.source_row, r."column", r.text, r.reason
FROM rejects_stored r JOIN files f USING (file_no);

-- One row is a thing to look at.
CREATE OR REPLACE VIEW findings AS SELECT * FROM findings_stored;
