FROM python:3.13.15-slim-trixie
RUN pip install --no-cache-dir "mail-devel==0.18.*"
COPY standins/mailpit /mailpit
CMD ["/mailpit"]
