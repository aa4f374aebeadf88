-- One row is an accepted source row of one file.
CREATE OR REPLACE VIEW sightings AS
SELECT s.* REPLACE (n.name AS series), f.file_id
FROM sightings_stored s JOIN files f USING (file_no) JOIN series_names n ON n.series = s.series;

-- One row is a source row that was not understood.
CREATE OR REPLACE VIEW rejects AS
SELECT r.*, f.name AS file, f.account, f.venue, f.format, f.file_id
FROM rejects_stored r JOIN files f USING (file_no);

-- One row is a thing to look at.
CREATE OR REPLACE VIEW findings AS SELECT * FROM findings_stored;
